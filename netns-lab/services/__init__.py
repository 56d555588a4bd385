"""What runs beside the daemons: databases, etcd, resources that fail on command."""
