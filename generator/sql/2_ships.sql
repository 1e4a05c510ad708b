-- Streams of calls, the berths they use, and the invented ships that make them.
CREATE TABLE stream AS
WITH activity AS (
  SELECT port_unlocode AS port, vessel_class AS class, arrivals AS per_year, berth_hours / arrivals AS berth_h,
         least(1.0, anchorage_events / arrivals) AS anchor_share,
         anchorage_hours / greatest(1, least(arrivals, anchorage_events)) AS anchor_h
  FROM read_csv(getvariable('data') || '/vessel_activity_spb_annual.csv') WHERE year = 2024),
others(port, class, per_year, berth_h, anchor_share, anchor_h) AS (VALUES
  ('USOAK', 'containership', 675, 31.0, 0.06, 22.0),
  ('USNTD', 'auto_carrier', 250, 15.0, 0.0, 0.0), ('USNTD', 'banana', 104, 30.0, 0.0, 0.0),
  ('USNTD', 'project', 24, 48.0, 0.0, 0.0), ('USNTD', 'naval', 24, 60.0, 0.0, 0.0), ('USNTD', 'tanker', 24, 28.0, 0.0, 0.0),
  ('USSAN', 'auto_carrier', 230, 14.0, 0.0, 0.0), ('USSAN', 'banana', 52, 26.0, 0.0, 0.0),
  ('USSAN', 'bulk_carrier', 40, 70.0, 0.0, 0.0), ('USSAN', 'general_cargo', 30, 55.0, 0.0, 0.0),
  ('USSAN', 'project', 16, 60.0, 0.0, 0.0), ('USSAN', 'naval', 16, 72.0, 0.0, 0.0), ('USSAN', 'cruise', 90, 11.0, 0.0, 0.0)),
fleet(class, days_round) AS (VALUES ('containership', 42), ('auto_carrier', 60), ('bulk_carrier', 220), ('general_cargo', 200),
  ('reefer', 120), ('tanker', 110), ('ro_ro', 40), ('banana', 14), ('project', 120), ('naval', 90), ('cruise', 30))
SELECT row_number() OVER (ORDER BY port, class) AS stream, a.*, greatest(1, round(per_year * days_round / 365.0))::INTEGER AS ships
FROM (SELECT * FROM activity UNION ALL SELECT * FROM others) AS a JOIN fleet USING (class);

CREATE TABLE line_home(port VARCHAR, liner VARCHAR, terminal VARCHAR, weight INTEGER);
INSERT INTO line_home VALUES
  ('USLAX', 'MSK', 'APMT', 4), ('USLAX', 'MSC', 'APMT', 2), ('USLAX', 'HSD', 'APMT', 1), ('USLAX', 'EMC', 'ETS', 4),
  ('USLAX', 'CMA', 'EAGLE', 4), ('USLAX', 'ONE', 'TRAP', 3), ('USLAX', 'YML', 'WBCT', 2), ('USLAX', 'COS', 'WBCT', 2),
  ('USLAX', 'HMM', 'YUSEN', 2), ('USLAX', 'WHL', 'YUSEN', 1), ('USLAX', 'SIT', 'YUSEN', 1),
  ('USLGB', 'MSC', 'TTI', 5), ('USLGB', 'HLC', 'TTI', 1), ('USLGB', 'COS', 'LBCT', 3), ('USLGB', 'OOL', 'LBCT', 4),
  ('USLGB', 'ONE', 'ITS', 3), ('USLGB', 'ZIM', 'SSAPCT', 2), ('USLGB', 'CMA', 'SSAPCT', 2), ('USLGB', 'SLC', 'SSATA', 1),
  ('USLGB', 'PIL', 'SSATA', 1), ('USLGB', 'MAT', 'MATU', 3),
  ('USOAK', 'MSC', 'B58', 3), ('USOAK', 'MSK', 'B58', 3), ('USOAK', 'CMA', 'B58', 2), ('USOAK', 'COS', 'B58', 2),
  ('USOAK', 'ONE', 'B58', 2), ('USOAK', 'EMC', 'BENT', 2), ('USOAK', 'YML', 'BENT', 1), ('USOAK', 'HLC', 'TPOAK', 2),
  ('USOAK', 'WHL', 'TPOAK', 1), ('USOAK', 'MAT', 'MATS', 2);

CREATE TABLE berth_group(port VARCHAR, grp VARCHAR, terminal VARCHAR, pier VARCHAR, berths VARCHAR[], length_m DOUBLE, depth_m DOUBLE);
INSERT INTO berth_group VALUES
  ('USLAX', 'APMT', 'APMT', '', ['401', '402', '403', '404', '405'], 360, 16.8), ('USLAX', 'ETS', 'ETS', '', ['226', '229', '232', '236'], 340, 13.7),
  ('USLAX', 'EAGLE', 'EAGLE', '', ['302', '303', '304', '305'], 330, 15.2), ('USLAX', 'TRAP', 'TRAP', '', ['136', '139', '144', '147'], 330, 16.2),
  ('USLAX', 'WBCT', 'WBCT', '', ['100', '102', '121', '126'], 350, 16.2), ('USLAX', 'YUSEN', 'YUSEN', '', ['212', '214', '217', '220'], 340, 15.8),
  ('USLAX', 'tanker', NULL, '', ['118', '164', '187', '238'], 260, 11.6), ('USLAX', 'bulk_carrier', NULL, '', ['49', '210'], 240, 12.8),
  ('USLAX', 'general_cargo', NULL, '', ['54', '174'], 240, 10.7), ('USLAX', 'reefer', NULL, '', ['55'], 230, 10.7),
  ('USLAX', 'auto_carrier', NULL, '', ['195', '199'], 240, 10.7),
  ('USLGB', 'ITS', 'ITS', 'G', ['G227', 'G229', 'G231', 'G233'], 330, 15.8), ('USLGB', 'LBCT', 'LBCT', 'E', ['E22', 'E24', 'E25', 'E27', 'E28'], 430, 16.8),
  ('USLGB', 'SSAPCT', 'SSAPCT', 'J', ['J245', 'J247', 'J266', 'J268'], 360, 15.2), ('USLGB', 'SSATA', 'SSATA', 'A', ['A88', 'A90', 'A92'], 370, 15.2),
  ('USLGB', 'MATU', 'MATU', 'C', ['C60', 'C62'], 270, 12.8), ('USLGB', 'TTI', 'TTI', 'T', ['T130', 'T132', 'T134', 'T136', 'T138'], 305, 16.8),
  ('USLGB', 'tanker', NULL, 'B', ['B76', 'B78', 'B82', 'B84'], 300, 14.6), ('USLGB', 'bulk_carrier', NULL, 'D', ['D46', 'D48', 'D50', 'D54'], 250, 12.8),
  ('USLGB', 'general_cargo', NULL, 'F', ['F204', 'F206'], 240, 11.6), ('USLGB', 'reefer', NULL, 'F', ['F207'], 220, 11.6),
  ('USLGB', 'auto_carrier', NULL, 'B', ['B86', 'B87'], 240, 11.6), ('USLGB', 'ro_ro', NULL, 'F', ['F208', 'F209', 'F210'], 240, 11.6),
  ('USOAK', 'B58', 'B58', '', ['55-59'], 1850, 15.2), ('USOAK', 'BENT', 'BENT', '', ['35-38'], 1040, 15.2),
  ('USOAK', 'TPOAK', 'TPOAK', '', ['30-32'], 880, 15.2), ('USOAK', 'MATS', 'MATS', '', ['60-63'], 830, 12.8),
  ('USNTD', 'auto_carrier', 'HUE', '', ['4', '5'], 213, 10.7), ('USNTD', 'banana', 'HUE', '', ['1', '2'], 183, 10.7),
  ('USNTD', 'project', 'HUE', '', ['3'], 198, 10.7), ('USNTD', 'naval', 'HUE', '', ['6'], 305, 10.7), ('USNTD', 'tanker', 'HUE', '', ['3'], 198, 10.7),
  ('USSAN', 'auto_carrier', 'NCMT', '', ['24-2', '24-4', '24-5', '24-10'], 250, 10.7), ('USSAN', 'banana', 'TAMT', '', ['10-3', '10-4'], 300, 10.7),
  ('USSAN', 'bulk_carrier', 'TAMT', '', ['10-7', '10-8'], 290, 13.1), ('USSAN', 'general_cargo', 'TAMT', '', ['10-5', '10-6'], 280, 10.7),
  ('USSAN', 'project', 'TAMT', '', ['10-1'], 280, 10.7), ('USSAN', 'naval', 'TAMT', '', ['10-2'], 280, 10.7), ('USSAN', 'cruise', 'BST', '', ['B-N', 'B-S'], 305, 10.7);

-- IMO numbers that begin with 0, MMSI that begin with 200 and call signs that begin with Q are given to nobody.
CREATE TABLE ship AS
WITH lines AS (SELECT port, liner, terminal, row_number() OVER (PARTITION BY port ORDER BY terminal, liner, k) - 1 AS n,
                      count(*) OVER (PARTITION BY port) AS lines
               FROM (SELECT port, liner, terminal, unnest(range(weight)) AS k FROM line_home)),
numbered AS (SELECT stream, port, class, i, row_number() OVER (ORDER BY stream, i) AS ship_no
             FROM (SELECT stream, port, class, unnest(range(ships)) AS i FROM stream)),
sized AS (SELECT n.*, 10000 + ship_no * 37 AS six, u(ship_no, 'size') AS s, l.liner, l.terminal,
                 CASE WHEN l.liner = 'MAT' THEN 2000 + 1600 * u(ship_no, 'cap') WHEN n.port = 'USOAK' THEN 4000 + 8000 * u(ship_no, 'cap')
                      ELSE 5000 + 14000 * u(ship_no, 'cap') ^ 1.3 END AS cap
          FROM numbered n LEFT JOIN lines l ON n.class = 'containership' AND l.port = n.port AND l.n = (n.i * 5) % l.lines)
SELECT ship_no, stream, port AS home, class, i,
       lpad(six::VARCHAR, 6, '0') || check_weighted(digit(six, 10000), digit(six, 1000), digit(six, 100), digit(six, 10), digit(six, 1)) AS imo,
       200000000 + ship_no * 101 AS mmsi, 'QZ' || pick(['A', 'B', 'C', 'D'], u(ship_no, 'cs')) || (1000 + ship_no) AS call_sign,
       ['QUILL', 'MARIGOLD', 'COPPER', 'LANTERN', 'HARROW', 'SAFFRON', 'THISTLE', 'BRAMBLE', 'CINDER', 'JUNIPER', 'PEBBLE', 'ROWAN',
        'SORREL', 'TAMARISK', 'UMBER', 'VERVAIN', 'WILLOW', 'YARROW', 'ASPEN', 'BASALT', 'CEDAR', 'DRIFT', 'EMBER', 'FENNEL',
        'GARNET', 'HAZEL', 'INDIGO', 'JASPER', 'KELP', 'LINDEN', 'MALLOW', 'NETTLE', 'OCHRE', 'PUMICE', 'QUARTZ', 'RUSSET'][1 + ship_no % 36]
       || ' ' || ['HERON', 'LEDGER', 'SPARROW', 'KETTLE', 'ANVIL', 'OTTER', 'COMPASS', 'PLOVER', 'TROWEL', 'GANNET', 'SEXTANT', 'WREN',
        'BEACON', 'CURLEW', 'DYNAMO', 'EGRET', 'FERRULE', 'GODWIT', 'HAMMER', 'IBIS', 'JIGSAW', 'KESTREL', 'LAPWING', 'MERLIN',
        'NEEDLE', 'OSPREY', 'PETREL', 'QUAIL', 'ROOK', 'SHUTTLE', 'TERN', 'VIOLA'][1 + ship_no // 36] AS name,
       CASE class WHEN 'containership' THEN 'CONT' WHEN 'tanker' THEN 'TANK' WHEN 'bulk_carrier' THEN 'BULK' WHEN 'auto_carrier' THEN 'CARC'
            WHEN 'ro_ro' THEN 'RORO' WHEN 'cruise' THEN 'PASS' WHEN 'naval' THEN 'NAVY' ELSE 'GECA' END AS type,
       liner, terminal, CASE WHEN liner IS NOT NULL THEN cap::INTEGER END AS teu,
       CASE WHEN liner IS NOT NULL THEN pick(['TP', 'PS', 'AW', 'CX'], u(liner, 'svc')) || (1 + ship_no % 6) END AS service,
       round(CASE class WHEN 'containership' THEN 195 + 13.2 * sqrt(cap / 1000) * 3.4 WHEN 'tanker' THEN 180 + 90 * s WHEN 'cruise' THEN 260 + 60 * s
             WHEN 'auto_carrier' THEN 190 + 20 * s ELSE 140 + 70 * s END, 2) AS loa_m,
       round(CASE class WHEN 'containership' THEN 10.5 + cap / 4500 WHEN 'tanker' THEN 11 + 4 * s ELSE 8 + 2 * s END, 2) AS draft_m,
       u(ship_no, 'amp') < CASE class WHEN 'containership' THEN 0.9 WHEN 'cruise' THEN 0.7 WHEN 'banana' THEN 0.6 ELSE 0.15 END AS amp
FROM sized;

-- Two car carriers at Hueneme bear one name, so that a name alone does not tell the ship.
UPDATE ship SET name = (SELECT name FROM ship WHERE home = 'USNTD' AND class = 'auto_carrier' AND i = 0)
WHERE home = 'USNTD' AND class = 'auto_carrier' AND i = 1;
