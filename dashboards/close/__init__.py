"""The monthly close of a service's margin: checklist, kept figures, and what changed since."""
