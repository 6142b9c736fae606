"""What every make-believe platform needs: a server, faults, a sender of webhooks, a demo's desk.

A platform's own `sandbox` folder says how the platform answers. Here is what has nothing to do with any.
"""
