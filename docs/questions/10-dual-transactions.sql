-- What do dual transactions save?
-- purpose: goods_movement_efficiency
SELECT port_unlocode, dual_transaction, count(*) AS visits,
       round(avg(turn_minutes + queue_minutes), 1) AS total_min
FROM gate_transactions
GROUP BY port_unlocode, dual_transaction
ORDER BY port_unlocode, dual_transaction
