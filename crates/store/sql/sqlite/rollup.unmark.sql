delete from rollup_marks
where id in (select value from json_each($1))
