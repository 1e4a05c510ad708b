"""What the ports agreed, as data: read, checked, compared and put into bundles; no I/O."""
