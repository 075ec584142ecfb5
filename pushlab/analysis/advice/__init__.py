"""From costs, figures of the user's own and crossovers to an answer that one can sign."""
