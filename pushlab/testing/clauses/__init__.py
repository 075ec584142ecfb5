"""The clauses of the contract, by what they promise."""
