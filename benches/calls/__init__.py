"""Whole calls: RTP on one side, a realtime session on the other.

A system under test runs on one processor, and on another the phones and the agent, which are plain
sockets and a plain WebSocket server in a program of their own and know nothing of fourwire.
"""
