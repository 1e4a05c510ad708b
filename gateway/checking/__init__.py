"""A log's rows, checkpoints and proofs -> what they prove, and what was done to them; pure, like what it stands on."""
