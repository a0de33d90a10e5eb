"""The words of the field as frozen values: events, services, people, certificates, tokens, rotations.

Standard library only. Nothing here reads a clock, a file or the network; whatever has behaviour is a pure function of
its fields. Every other room speaks in these values.
"""
