"""What several workloads count alike: shapes and costs of known models. No torch."""
