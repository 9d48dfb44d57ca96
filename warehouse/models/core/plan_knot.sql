-- One row per knot of a benefit's plan curve, for benefits with baseline, target, target date and start.
-- 3-benefits.md, 3.2: through the profile's points where there are any, else from start to target; linear between
-- knots.
{{ plan_knots(ref('benefit'), ref('benefit_profile')) }}
