-- partner: twin-tester

-- upper case names
SELECT COUNT(*) FROM LONG_BEACH.POLBOPS.VESSELCALL

-- quoted mixed case names
SELECT count(*) FROM "Long_Beach"."PolbOps"."VesselCall"

-- quoted capitals of a hidden column
SELECT "SCAC" FROM long_beach.polbops.vesselcall

-- hidden table in capitals
SELECT count(*) FROM OAKLAND.TOS.GATE_DAILY

-- hidden table in quotes
SELECT count(*) FROM "oakland"."tos"."gate_daily"

-- dot inside a quoted name
SELECT count(*) FROM "oakland.tos.gate_daily"

-- quote inside a quoted name
SELECT count(*) FROM oakland.tos."gate""daily"

-- blank after a name in quotes
SELECT count(*) FROM oakland.tos."gate_daily "

-- unicode look-alike of a letter
SELECT count(*) FROM oakland.tos.gаte_daily

-- turkish dotless i in a column
SELECT unıt_no FROM oakland.tos.unit

-- kelvin sign for k
SELECT count(*) FROM "oaKland".tos.gate_daily

-- unicode escape in a name
SELECT count(*) FROM U&"oakland".tos.gate_daily

-- back quotes
SELECT count(*) FROM `oakland`.tos.gate_daily

-- comment inside a name
SELECT count(*) FROM oakland./* x */tos.gate_daily

-- comment that hides the condition
SELECT count(*) FROM long_beach.polbops.vesselcall -- WHERE false

-- unclosed comment
SELECT count(*) FROM long_beach.polbops.vesselcall /* WHERE

-- hint comment
SELECT /*+ x */ count(*) FROM long_beach.polbops.vesselcall

-- nested comment
SELECT count(*) /* a /* b */ FROM long_beach.polbops.vesselcall

-- line feed kinds
SELECT count(*) -- x FROM oakland.tos.gate_daily

-- string that closes a guard
SELECT callno || ') UNION SELECT scac FROM ("' FROM long_beach.polbops.vesselcall

-- alias that closes a guard
SELECT count(*) AS "x"") FROM y --" FROM long_beach.polbops.vesselcall

-- table alias with a quote
SELECT count(*) FROM long_beach.polbops.vesselcall AS "a"" WHERE true --"

-- alias of a keyword
SELECT "select" FROM (SELECT callno AS "select" FROM long_beach.polbops.vesselcall)

-- semicolon and a second statement
SELECT 1; SELECT count(*) FROM oakland.tos.gate_daily

-- trailing semicolon
SELECT count(*) FROM long_beach.polbops.vesselcall;

-- semicolon in a string
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE callno = ';'

-- null byte in a string
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE callno = ' '

-- escaped quote in a string
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname = '\' OR true --'

-- dollar quoted string
SELECT $$x$$ FROM long_beach.polbops.vesselcall
