"""Problems: what is minimised. Each answers for its multipliers, plan, closed forms, tables and text."""
