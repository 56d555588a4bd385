"""Say what was found: text for the terminal, one HTML file for people, JSON for programs."""
