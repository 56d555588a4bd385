"""Free-form stages: any hosts and daemons, judged by who has the addresses."""
