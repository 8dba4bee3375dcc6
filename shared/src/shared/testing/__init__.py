"""What tests of the platform and of partners' systems lean on; production code never imports it."""
