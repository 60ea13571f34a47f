delete from rollup_marks
where site = $1 and day < $2
