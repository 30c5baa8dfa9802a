-- Whoever reads the answers to a submission leaves an act.

grant usage on schema audit to intake;
grant insert (line) on audit.act to intake;
