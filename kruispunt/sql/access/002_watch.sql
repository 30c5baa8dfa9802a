-- Who may ask which transaction holds back publication.

grant usage on schema watch to relay, inspector;
grant execute on function watch.open_transactions(integer[]) to relay, inspector;
