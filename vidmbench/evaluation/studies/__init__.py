"""Several measurements that answer one question."""
