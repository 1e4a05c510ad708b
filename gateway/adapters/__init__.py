"""The only I/O of the gateway: each file talks to one outside part and turns its words into ours."""
