// One program of trino-go-client through the eight checks: a task on standard input, a report on standard output.
package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/trinodb/trino-go-client/trino"
)

type task struct {
	Host, Ca, User, Token, Catalog, Schema, Table string
	Port                                          int
	Parameters, Endless, Masked, Million          string
	Statements                                    []string
}

type answer struct {
	Result  any     `json:"result,omitempty"`
	Fault   string  `json:"fault,omitempty"`
	Seconds float64 `json:"seconds"`
}

func main() {
	var given task
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		panic(err)
	}
	db, err := given.open(given.Token)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	report := map[string]answer{
		"connect":      check(func() (any, error) { return connected(db) }),
		"browse":       check(func() (any, error) { return browse(db, given) }),
		"statements":   check(func() (any, error) { return statements(db, given.Statements), nil }),
		"parameters":   check(func() (any, error) { return ask(db, given.Parameters, 41, "it's", "USOAK") }),
		"cancel":       check(func() (any, error) { return cancelled(db, given.Endless), nil }),
		"million_rows": check(func() (any, error) { return millionRows(db, given.Million) }),
		"notices":      check(func() (any, error) { return notices(db, given.Masked) }),
		"wrong_token":  check(func() (any, error) { return wrongToken(given) }),
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		panic(err)
	}
}

func check(run func() (any, error)) answer {
	begun := time.Now()
	result, err := run()
	if err != nil {
		return answer{Fault: err.Error(), Seconds: time.Since(begun).Seconds()}
	}
	return answer{Result: result, Seconds: time.Since(begun).Seconds()}
}

func (t task) open(token string) (*sql.DB, error) {
	config := trino.Config{
		ServerURI:   fmt.Sprintf("https://%s@%s:%d", t.User, t.Host, t.Port),
		Catalog:     t.Catalog,
		Schema:      t.Schema,
		SSLCertPath: t.Ca,
		AccessToken: token,
		TimeZone:    "UTC",
	}
	name, err := config.FormatDSN()
	if err != nil {
		return nil, err
	}
	return sql.Open("trino", name)
}

func connected(db *sql.DB) (any, error) {
	if err := db.Ping(); err != nil {
		return nil, err
	}
	transaction, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	if _, err := transaction.Exec("SELECT 1"); err != nil {
		return nil, err
	}
	if err := transaction.Commit(); err != nil {
		return nil, err
	}
	return ask(db, "SELECT 1")
}

func browse(db *sql.DB, t task) (any, error) {
	seen := map[string]any{}
	for name, text := range map[string]string{
		"catalogs": "SHOW CATALOGS",
		"schemas":  "SHOW SCHEMAS FROM " + t.Catalog,
		"tables":   fmt.Sprintf("SHOW TABLES FROM %s.%s", t.Catalog, t.Schema),
		"columns":  "DESCRIBE " + t.Table,
	} {
		rows, err := ask(db, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		names := []any{}
		for _, row := range rows {
			names = append(names, row[0])
		}
		seen[name] = names
	}
	return seen, nil
}

func statements(db *sql.DB, texts []string) any {
	answers := []map[string]any{}
	for _, text := range texts {
		if rows, err := ask(db, text); err != nil {
			answers = append(answers, map[string]any{"error": err.Error()})
		} else {
			answers = append(answers, map[string]any{"rows": rows})
		}
	}
	return answers
}

func ask(db *sql.DB, text string, parameters ...any) ([][]any, error) {
	rows, err := db.Query(text, parameters...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	all := [][]any{}
	for rows.Next() {
		values, places := make([]any, len(kinds)), make([]any, len(kinds))
		for at := range values {
			places[at] = &values[at]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		for at := range values {
			values[at] = plain(values[at], kinds[at].DatabaseTypeName())
		}
		all = append(all, values)
	}
	return all, rows.Err()
}

func plain(value any, kind string) any {
	switch shown := value.(type) {
	case time.Time:
		return shown.Format(map[string]string{
			"DATE": "2006-01-02", "TIME": "15:04:05.000", "TIMESTAMP": "2006-01-02 15:04:05.000000",
		}[kind] + map[bool]string{true: "2006-01-02 15:04:05.000 -07:00"}[kind == "TIMESTAMP WITH TIME ZONE"])
	case []byte:
		return hex.EncodeToString(shown)
	case float64, float32:
		return fmt.Sprint(shown)
	case trino.Row:
		values := []any{}
		for at := range shown.Len() {
			values = append(values, shown.Value(at))
		}
		return values
	}
	return value
}

func cancelled(db *sql.DB, text string) any {
	limited, stop := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer stop()
	rows, err := db.QueryContext(limited, text)
	for err == nil && rows.Next() {
	}
	if err == nil {
		err = rows.Err()
	}
	if rows != nil {
		rows.Close()
	}
	return fmt.Sprint(err)
}

func millionRows(db *sql.DB, text string) (any, error) {
	rows, err := db.Query(text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var count, sum, number int64
	for rows.Next() {
		if err := rows.Scan(&number); err != nil {
			return nil, err
		}
		count, sum = count+1, sum+number
	}
	return []int64{count, sum}, rows.Err()
}

func notices(db *sql.DB, text string) (any, error) {
	var told trino.Warnings
	rows, err := db.Query(text, sql.Named("warnings", &told))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
	}
	messages := []string{}
	for _, warning := range told.All() {
		messages = append(messages, warning.Message)
	}
	return messages, rows.Err()
}

func wrongToken(t task) (any, error) {
	db, err := t.open("wrong." + t.Token)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := ask(db, "SELECT 1")
	if err == nil {
		return rows, nil
	}
	return err.Error(), nil
}
