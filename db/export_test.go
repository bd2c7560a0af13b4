package db

import "github.com/jackc/pgx/v5/pgxpool"

// Pool lets tests look at the connections that a store has used.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }
