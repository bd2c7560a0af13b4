BEGIN;

-- Roles are global to a cluster: they may be there already, and another migration may create them at this moment.
DO $$
DECLARE
    v_role TEXT;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['nextgen_owner', 'nextgen_api', 'nextgen_worker'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        IF NOT pg_has_role(current_user, v_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO nextgen_owner', current_database());
END $$;

-- Correction 2: three schemas, and every object is qualified.
CREATE SCHEMA entitlements AUTHORIZATION nextgen_owner;
CREATE SCHEMA flowable AUTHORIZATION nextgen_owner;
CREATE SCHEMA onecms AUTHORIZATION nextgen_owner;

-- The API and the worker own nothing (correction 14).
GRANT USAGE ON SCHEMA entitlements, flowable, onecms TO nextgen_api, nextgen_worker;

SET LOCAL ROLE nextgen_owner;

-- Sets updated_at; every table that has the column gets it as a trigger.
CREATE FUNCTION flowable.touch_updated_at() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

-- Whether functions that run as the owner have switched something on for their transaction, 'on' or 'off'. Policies ask; the
-- planner expects every other row to pass this, while it would expect none to pass a comparison.
CREATE FUNCTION flowable.is_on(p_setting TEXT) RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT COALESCE(NULLIF(current_setting(p_setting, TRUE), '')::BOOLEAN, FALSE) $$;

COMMIT;
