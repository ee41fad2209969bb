-- How old people say they are: the id of one of the age_groups, which are never deleted.
ALTER TABLE users ADD COLUMN IF NOT EXISTS age_group_id {int};
