-- Indexes over properties, which modules declare. Their key is a text whose order by bytes is that
-- of records: numbers by size, then texts; null where there is no value. PostgreSQL takes only
-- immutable expressions into an index, and the text of a JSON value is not declared as one, so it
-- is a function.

-- A number as a key: '1', then its sign (a negative, b zero, c positive), its exponent and its
-- significant digits; those of a negative number are complements, because the larger is the smaller.
CREATE FUNCTION property_number_key(number NUMERIC) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    whole TEXT := split_part(abs(number)::text, '.', 1);
    fraction TEXT := split_part(abs(number)::text, '.', 2);
    digits TEXT := rtrim(ltrim(whole || fraction, '0'), '0');
    exponent INT;
BEGIN
    IF number IS NULL THEN
        RETURN NULL;
    END IF;
    IF digits = '' THEN
        RETURN '1b';
    END IF;
    exponent := CASE WHEN whole = '0' THEN length(ltrim(fraction, '0')) - length(fraction)
        ELSE length(whole) END;
    IF number > 0 THEN
        RETURN '1c' || lpad((exponent + 5000)::text, 4, '0') || digits;
    END IF;
    RETURN '1a' || lpad((4999 - exponent)::text, 4, '0')
        || translate(digits, '0123456789', '9876543210') || '~';
END $$;

CREATE FUNCTION property_key(properties JSON, name TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    value JSON := properties -> name;
    type TEXT := json_typeof(value);
    written TEXT;
    floating FLOAT8;
BEGIN
    IF type IS NULL OR type = 'null' THEN
        RETURN NULL;
    END IF;
    IF type = 'string' THEN
        RETURN '2' || (properties ->> name);
    END IF;
    written := value::text;
    IF type <> 'number' THEN
        RETURN '2' || written;
    END IF;
    -- An integer when it fits 64 bits, and floating otherwise; a floating one that equals an
    -- integer is that integer.
    IF written ~ '^-?[0-9]+$' AND written::numeric
        BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
        RETURN property_number_key(written::numeric);
    END IF;
    floating := written::float8;
    IF floating >= -9223372036854775808::float8 AND floating < 9223372036854775808::float8
        AND floating = trunc(floating) THEN
        RETURN property_number_key(floating::bigint::numeric);
    END IF;
    RETURN property_number_key(floating::text::numeric);
END $$;

-- The text of any value, which a unique index compares.
CREATE FUNCTION property_unique(properties JSON, name TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE json_typeof(properties -> name)
        WHEN 'string' THEN properties ->> name WHEN 'null' THEN NULL
        ELSE (properties -> name)::text END;
END $$;

-- The deleted records of a table, and the records of a user.
CREATE INDEX records_deleted ON records (table_name, created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX records_by_user ON records (user_id, table_name, created_at, id)
    WHERE user_id IS NOT NULL;
