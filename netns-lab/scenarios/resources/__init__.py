"""What runs only where the address is, and the lease in etcd."""
