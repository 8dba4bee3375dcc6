"""The kit: how every Samspår service stores, tells, hears and answers. It knows no service."""
