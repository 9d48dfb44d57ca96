-- One row per portfolio: its projects valued together, in the reporting currency; '' is that of projects which name none.
-- 3-benefits.md, 3.7: present values are discounted to the earliest of the projects' base dates; lead times are medians.
{{ group_value('portfolio') }}
