-- A finding that changed law made another says since when that law is known: the notice says why it is written.

alter table notifier.finding add column law_known date;
comment on column notifier.finding.law_known is 'The first day on which the changed figures are known; null where facts led to it.';
