"""What runs beside the daemons: databases, etcd, resources that do as they are told."""
