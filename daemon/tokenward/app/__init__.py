"""Where everything is put together: settings become objects, objects become tasks.

The only room that reads the clock, the environment and the configuration, and the only one that knows
concrete classes.
"""
