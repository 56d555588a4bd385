"""The exit statuses of the commands."""

GOOD = 0  # done, or the answer is yes
NO = 1  # the answer is no
USAGE = 2  # the command line or a configuration is wrong
REFUSED = 3  # the system, or the daemon that was asked, refused
