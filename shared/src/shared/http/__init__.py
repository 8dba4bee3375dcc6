"""HTTP, as every service speaks it: policies, transactions, problems, paging, idempotency, health."""
