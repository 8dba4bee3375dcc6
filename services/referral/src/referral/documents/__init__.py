"""Booking documents as files: read CSV and XLSX, know their columns, make the template. No session, no network.

Nothing is imported here: the process that reads a file (`reading`) loads what it needs alone.
"""
