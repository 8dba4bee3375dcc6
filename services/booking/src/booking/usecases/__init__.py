"""What booking can do. Each function runs inside the transaction its caller opened."""
