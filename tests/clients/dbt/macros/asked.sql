{# Run each statement and print its rows as JSON, one line each, for whoever started dbt. #}
{% macro asked(statements) %}
  {% for sql in statements %}
    {% call statement('asked', fetch_result=True) %}{{ sql }}{% endcall %}
    {% set rows = [] %}
    {% for row in load_result('asked')['data'] %}
      {% set values = [] %}
      {% for value in row %}{% do values.append(plain_value(value)) %}{% endfor %}
      {% do rows.append(values) %}
    {% endfor %}
    {{ print('ROWS ' ~ tojson(rows)) }}
  {% endfor %}
{% endmacro %}

{% macro plain_value(value) %}
  {% if value is mapping or value is boolean or value is none or value is integer %}
    {{ return(value) }}
  {% elif value.hex is defined and value is not float %}
    {{ return(value.hex()) }}
  {% elif value is sequence and value is not string %}
    {% set values = [] %}
    {% for each in value %}{% do values.append(plain_value(each)) %}{% endfor %}
    {{ return(values) }}
  {% else %}
    {{ return(value | string) }}
  {% endif %}
{% endmacro %}

{% macro added_up(sql) %}
  {% call statement('million', fetch_result=True) %}{{ sql }}{% endcall %}
  {% set numbers = load_result('million')['data'] | map(attribute=0) | list %}
  {{ print('ROWS ' ~ tojson([numbers | length, numbers | sum])) }}
{% endmacro %}
