"""What referral can do. Intake, home and answers are islands: they meet only in events heard by the queue."""
