"""A soak: thousands of calls of all kinds against one gateway, which must be as before after them.

The gateway, the agents and the callers are processes of their own; the gateway is watched from
outside, by the kernel's account of it and by its own page.
"""
