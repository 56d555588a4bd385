"""What happens to one machine: processes, clocks, disks, addresses."""
