select b.id
from json_each($1) asked
  join batches b on b.id = unhex(asked.value)
