-- Groups of ages, by which people say how old they are without telling their birthday.
CREATE TABLE IF NOT EXISTS age_groups (
    id {int} NOT NULL,
    code {varchar:20} NOT NULL,
    min_age {int} NOT NULL,
    -- Null: there is no last one.
    max_age {int},
    CONSTRAINT pk_age_groups PRIMARY KEY (code),
    CONSTRAINT uk_age_groups_id UNIQUE (id),
    CONSTRAINT ck_age_groups_order CHECK (min_age >= 0 AND (max_age IS NULL OR min_age <= max_age))
);

INSERT INTO age_groups (id, code, min_age, max_age)
SELECT groups_of_ages.id, groups_of_ages.code, groups_of_ages.min_age, groups_of_ages.max_age
FROM (
    SELECT 1 AS id, 'under_13' AS code, 0 AS min_age, 12 AS max_age
    UNION ALL SELECT 2, '13_17', 13, 17
    UNION ALL SELECT 3, '18_24', 18, 24
    UNION ALL SELECT 4, '25_34', 25, 34
    UNION ALL SELECT 5, '35_44', 35, 44
    UNION ALL SELECT 6, '45_54', 45, 54
    UNION ALL SELECT 7, '55_64', 55, 64
    UNION ALL SELECT 8, '65_over', 65, NULL
) groups_of_ages
WHERE groups_of_ages.id NOT IN (SELECT id FROM age_groups);
