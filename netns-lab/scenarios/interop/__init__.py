"""pyvrrp beside keepalived and FRR."""
