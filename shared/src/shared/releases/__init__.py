"""Disclosure: nothing of a person leaves a service but by a numbered permit, with a receipt, never after a fence."""
