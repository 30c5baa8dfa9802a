-- The replay judges by the same versions as the exchange.

grant usage on schema deliberations to replay;
grant select on deliberations.revision, deliberations.kept, deliberations.withdrawal to replay;
