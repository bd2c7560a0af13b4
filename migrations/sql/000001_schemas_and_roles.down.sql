BEGIN;

DROP SCHEMA onecms, flowable, entitlements CASCADE;

-- The roles stay: they belong to the cluster, and another database may use them.
DO $$
BEGIN
    EXECUTE format('REVOKE CREATE ON DATABASE %I FROM nextgen_owner', current_database());
END $$;

COMMIT;
