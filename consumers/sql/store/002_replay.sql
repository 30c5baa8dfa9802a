-- Says of each delivery whether it is a replay: published before the person came on file here, and delivered afterwards.

alter table store.record add replay boolean not null default false;
comment on column store.record.replay is 'Published before the person came on file here, and delivered afterwards.';

create or replace view store.current as
select distinct on (person, declaration, kind, deliberation) *
from store.record
order by person, declaration, kind, deliberation, version desc, partition, "offset" desc;
