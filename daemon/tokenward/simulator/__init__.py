"""A stand-in for Apple's side of the token flow, and a small device management service beside it.

It runs as a process of its own (``python -m tokenward.simulator --dir DIR``) and answers over HTTP on
loopback: the device assignment API, the Business and School Manager APIs, the portal a person would use (as
pages in a browser, and for programs), and a service that behaves as NanoDEP's ``depserver`` does. It refuses
what the real ones refuse. Nothing here is shared with the daemon: no import from another room, no OAuth
library, no JWT library, no CMS library, so that one mistake cannot pass on both sides.
"""
