/* SPDX-License-Identifier: Apache-2.0 */
/* Every builtin of the core table: ordinary, at the edge, wrong operand. */
#include "builtin_rows.h"
#include "unit.h"

#define RUN(rows)                                                                                  \
	(void)state;                                                                               \
	builtin_rows_run(&rego_builtins_core, rows, COUNT_OF(rows))

static void
aggregates(void **state)
{
	static const struct builtin_row rows[] = {
		{"count", "[[1,2]]", "2"}, {"count", "[{\"a\":1}]", "1"}, {"count", "[{\"$set\":[1,1,2]}]", "2"},
		{"count", "[\"h\u00e9\u20ac\"]", "3"}, {"count", "[\"\"]", "0"},
		{"count", "[7]", "!operand 1 must be one of {array, object, set, string} but got number"},
		{"sum", "[[1,2,3]]", "6"}, {"sum", "[[]]", "0"}, {"sum", "[{\"$set\":[1,2]}]", "3"},
		{"sum", "[[0.1,0.2]]", "0.3"}, {"sum", "[[9223372036854775807,1]]", "9223372036854775808"},
		{"sum", "[[1,\"a\"]]", "!operand 1 must be array of numbers but got array containing string"},
		{"sum", "[{}]", "!operand 1 must be one of {set, array} but got object"},
		{"product", "[[2,3,4]]", "24"}, {"product", "[[]]", "1"},
		{"product", "[[9223372036854775807,10]]", "92233720368547758070"},
		{"product", "[true]", "!must be one of {set, array} but got boolean"},
		{"max", "[[1,3,2]]", "3"}, {"max", "[[]]", "?"}, {"max", "[[null,\"a\",[1]]]", "[1]"},
		{"max", "[{\"a\":1}]", "!must be one of {set, array}"},
		{"min", "[[3,1,2]]", "1"}, {"min", "[{\"$set\":[]}]", "?"}, {"min", "[1]", "!must be one of"},
		{"sort", "[[3,1,2,\"a\",null]]", "[null,1,2,3,\"a\"]"}, {"sort", "[{\"$set\":[2,1]}]", "[1,2]"},
		{"sort", "[[]]", "[]"}, {"sort", "[[2,2,1.0,1]]", "[1,1,2,2]"}, {"sort", "[\"a\"]", "!must be one of"},
		{"all", "[[true,true]]", "true"}, {"all", "[[true,1]]", "false"}, {"all", "[[]]", "true"},
		{"all", "[1]", "!must be one of"}, {"any", "[[false,true]]", "true"}, {"any", "[[]]", "false"},
		{"any", "[1]", "!must be one of"},
	};
	RUN(rows);
}

static void
arrays_and_sets(void **state)
{
	static const struct builtin_row rows[] = {
		{"array.concat", "[[1],[2]]", "[1,2]"}, {"array.concat", "[[],[]]", "[]"},
		{"array.concat", "[[1],{}]", "!operand 2 must be array but got object"},
		{"array.flatten", "[[1,[2,[3]],[]]]", "[1,2,[3]]"}, {"array.flatten", "[[]]", "[]"},
		{"array.flatten", "[1]", "!operand 1 must be array but got number"},
		{"array.reverse", "[[1,2,3]]", "[3,2,1]"}, {"array.reverse", "[[]]", "[]"},
		{"array.reverse", "[\"a\"]", "!operand 1 must be array but got string"},
		{"array.slice", "[[1,2,3],1,2]", "[2]"}, {"array.slice", "[[1,2,3],-5,9]", "[1,2,3]"},
		{"array.slice", "[[1,2,3],2,1]", "[]"}, {"array.slice", "[[1],9,9]", "[]"},
		{"array.slice", "[[1],0.5,1]", "!operand 2 must be integer number"},
		{"intersection", "[{\"$set\":[{\"$set\":[1,2]},{\"$set\":[2,3]}]}]", "{\"$set\":[2]}"},
		{"intersection", "[{\"$set\":[]}]", "{\"$set\":[]}"},
		{"intersection", "[{\"$set\":[1]}]", "!operand 1 must be set of sets but got set containing number"},
		{"union", "[{\"$set\":[{\"$set\":[1,2]},{\"$set\":[2,3]}]}]", "{\"$set\":[1,2,3]}"},
		{"union", "[{\"$set\":[]}]", "{\"$set\":[]}"}, {"union", "[[]]", "!operand 1 must be set"},
		{"set_diff", "[{\"$set\":[1,2]},{\"$set\":[2]}]", "{\"$set\":[1]}"},
		{"set_diff", "[{\"$set\":[]},{\"$set\":[2]}]", "{\"$set\":[]}"},
		{"set_diff", "[1,2]", "!operand 1 must be set but got number"},
	};
	RUN(rows);
}

static void
objects(void **state)
{
	static const struct builtin_row rows[] = {
		{"object.get", "[{\"a\":1},\"a\",0]", "1"}, {"object.get", "[{\"a\":1},\"b\",0]", "0"},
		{"object.get", "[{\"a\":[{\"b\":2}]},[\"a\",0,\"b\"],9]", "2"}, {"object.get", "[{\"a\":1},[],9]", "{\"a\":1}"},
		{"object.get", "[[1],0,9]", "!operand 1 must be object but got array"},
		{"object.keys", "[{\"b\":1,\"a\":2}]", "{\"$set\":[\"a\",\"b\"]}"}, {"object.keys", "[{}]", "{\"$set\":[]}"},
		{"object.keys", "[[]]", "!operand 1 must be object"},
		{"object.filter", "[{\"a\":1,\"b\":2},[\"a\",\"z\"]]", "{\"a\":1}"},
		{"object.filter", "[{\"a\":1,\"b\":2},{\"$set\":[\"b\"]}]", "{\"b\":2}"},
		{"object.filter", "[{\"a\":1,\"b\":2},{\"b\":0}]", "{\"b\":2}"}, {"object.filter", "[{\"a\":1},[]]", "{}"},
		{"object.filter", "[{},\"a\"]", "!operand 2 must be one of {object, set, array} but got string"},
		{"object.remove", "[{\"a\":1,\"b\":2},[\"a\",\"z\"]]", "{\"b\":2}"},
		{"object.remove", "[{\"a\":1},{\"a\":{}}]", "{}"},
		{"object.remove", "[1,[]]", "!operand 1 must be object but got number"},
		{"object.union", "[{\"a\":{\"x\":1,\"y\":2}},{\"a\":{\"y\":3},\"b\":4}]", "{\"a\":{\"x\":1,\"y\":3},\"b\":4}"},
		{"object.union", "[{\"a\":{\"x\":1}},{\"a\":2}]", "{\"a\":2}"}, {"object.union", "[{},{}]", "{}"},
		{"object.union", "[{},[]]", "!operand 2 must be object but got array"},
		{"object.union_n", "[[{\"a\":1},{\"b\":2},{\"a\":3}]]", "{\"a\":3,\"b\":2}"}, {"object.union_n", "[[]]", "{}"},
		{"object.union_n", "[[{},1]]", "!operand 1 must be array of objects but got array containing number"},
		{"object.subset", "[{\"a\":{\"b\":1,\"c\":2}},{\"a\":{\"c\":2}}]", "true"},
		{"object.subset", "[{\"a\":[1,2,3]},{\"a\":[2,3]}]", "true"}, {"object.subset", "[{\"a\":1},{\"b\":1}]", "false"},
		{"object.subset", "[{\"a\":{\"$set\":[1,2]}},{\"a\":{\"$set\":[2]}}]", "true"},
		{"object.subset", "[[1,1,2,1,1,3],[1,1,3]]", "true"}, {"object.subset", "[[1,2],[2,1]]", "false"},
		{"object.subset", "[[1,2,3],{\"$set\":[3,1]}]", "true"}, {"object.subset", "[[1,2],{\"$set\":[3]}]", "false"},
		{"object.subset", "[{\"$set\":[1,2]},{\"$set\":[]}]", "true"}, {"object.subset", "[[],[]]", "true"},
		{"object.subset", "[{},[]]", "!both arguments object.subset must be of the same type"},
	};
	RUN(rows);
}

static void
strings(void **state)
{
	static const struct builtin_row rows[] = {
		{"contains", "[\"abc\",\"bc\"]", "true"}, {"contains", "[\"abc\",\"\"]", "true"},
		{"contains", "[\"abc\",1]", "!operand 2 must be string but got number"},
		{"startswith", "[\"abc\",\"ab\"]", "true"}, {"startswith", "[\"abc\",\"bc\"]", "false"},
		{"startswith", "[1,\"\"]", "!operand 1 must be string"}, {"endswith", "[\"abc\",\"bc\"]", "true"},
		{"endswith", "[\"abc\",\"abcd\"]", "false"}, {"endswith", "[\"a\",null]", "!operand 2 must be string but got null"},
		{"concat", "[\"/\",[\"a\",\"b\"]]", "\"a/b\""}, {"concat", "[\"/\",[]]", "\"\""},
		{"concat", "[\",\",{\"$set\":[\"b\",\"a\"]}]", "\"a,b\""},
		{"concat", "[\",\",[1]]", "!operand 2 must be array of strings but got array containing number"},
		{"concat", "[\",\",1]", "!operand 2 must be one of {set, array} but got number"},
		{"indexof", "[\"h\u00e9llo\",\"l\"]", "2"}, {"indexof", "[\"a\",\"b\"]", "-1"},
		{"indexof", "[\"a\",\"\"]", "!empty search character"},
		{"indexof_n", "[\"\u00e9aaa\",\"aa\"]", "[1,2]"}, {"indexof_n", "[\"a\",\"b\"]", "[]"},
		{"indexof_n", "[\"a\",\"\"]", "!empty search character"},
		{"lower", "[\"A\u00c9\u0130\"]", "\"a\u00e9i\""}, {"lower", "[1]", "!operand 1 must be string"},
		{"upper", "[\"a\u00e9\u00df\"]", "\"A\u00c9\u00df\""}, {"upper", "[\"\"]", "\"\""}, {"upper", "[[]]", "!must be string"},
		{"split", "[\"a.b.\",\".\"]", "[\"a\",\"b\",\"\"]"}, {"split", "[\"a\u00e9\",\"\"]", "[\"a\",\"\u00e9\"]"},
		{"split", "[\"\",\",\"]", "[\"\"]"}, {"split", "[\"a\",1]", "!operand 2 must be string"},
		{"substring", "[\"h\u00e9llo\",1,2]", "\"\u00e9l\""}, {"substring", "[\"abc\",1,-1]", "\"bc\""},
		{"substring", "[\"abc\",9,1]", "\"\""}, {"substring", "[\"abc\",-1,1]", "!negative offset"},
		{"substring", "[\"abc\",0,\"1\"]", "!operand 3 must be number but got string"},
		{"strings.reverse", "[\"a\u00e9b\"]", "\"b\u00e9a\""}, {"strings.reverse", "[\"\"]", "\"\""},
		{"strings.reverse", "[1]", "!reverse: operand 1 must be string but got number"},
		{"strings.count", "[\"aaaa\",\"aa\"]", "2"}, {"strings.count", "[\"\u00e9a\",\"\"]", "3"},
		{"strings.count", "[\"a\",1]", "!operand 2 must be string"},
		{"strings.any_prefix_match", "[[\"ab\",\"cd\"],\"c\"]", "true"}, {"strings.any_prefix_match", "[\"ab\",[]]", "false"},
		{"strings.any_prefix_match", "[[1],\"a\"]", "!operand 1 must be array of strings but got array containing number"},
		{"strings.any_suffix_match", "[{\"$set\":[\"ab\"]},[\"x\",\"b\"]]", "true"},
		{"strings.any_suffix_match", "[\"ab\",1]", "!operand 2 must be one of {string, set, array} but got number"},
		{"trim", "[\"..a..\",\".\"]", "\"a\""}, {"trim", "[\"\u00a1a\u00a1\",\"\u00a1\"]", "\"a\""}, {"trim", "[\"\",\"a\"]", "\"\""},
		{"trim", "[\"a\",\"\"]", "\"a\""}, {"trim", "[1,\"\"]", "!operand 1 must be string"},
		{"trim_left", "[\"aab\",\"a\"]", "\"b\""}, {"trim_left", "[\"aa\",\"a\"]", "\"\""}, {"trim_left", "[\"a\",1]", "!operand 2"},
		{"trim_right", "[\"baa\",\"a\"]", "\"b\""}, {"trim_right", "[\"b\",\"\"]", "\"b\""}, {"trim_right", "[1,\"\"]", "!operand 1"},
		{"trim_prefix", "[\"abc\",\"ab\"]", "\"c\""}, {"trim_prefix", "[\"abc\",\"x\"]", "\"abc\""}, {"trim_prefix", "[1,\"\"]", "!operand 1"},
		{"trim_suffix", "[\"abc\",\"bc\"]", "\"a\""}, {"trim_suffix", "[\"abc\",\"\"]", "\"abc\""}, {"trim_suffix", "[\"\",1]", "!operand 2"},
		{"trim_space", "[\" \\t\u2003a b\\n\u00a0\"]", "\"a b\""}, {"trim_space", "[\"\"]", "\"\""}, {"trim_space", "[1]", "!operand 1"},
		{"replace", "[\"a.b.\",\".\",\"--\"]", "\"a--b--\""}, {"replace", "[\"\u00e9a\",\"\",\"-\"]", "\"-\u00e9-a-\""},
		{"replace", "[\"a\",\"x\",\"y\"]", "\"a\""}, {"replace", "[\"a\",\"x\",1]", "!operand 3 must be string"},
		{"strings.replace_n", "[{\"a\":\"1\",\"ab\":\"2\",\"c\":\"\"},\"abcab\"]", "\"1b1b\""},
		{"strings.replace_n", "[{},\"abc\"]", "\"abc\""}, {"strings.replace_n", "[{\"\":\"-\"},\"ab\"]", "\"-a-b-\""},
		{"strings.replace_n", "[{\"a\":1},\"abc\"]", "!operand 1 non-string value found in pattern object"},
		{"strings.replace_n", "[[],\"abc\"]", "!operand 1 must be object but got array"},
	};
	RUN(rows);
}

static void
formats(void **state)
{
	static const struct builtin_row rows[] = {
		{"sprintf", "[\"%s|%d|%v\",[\"a\",5,[1,\"b\",{\"$set\":[2]}]]]", "\"a|5|[1, \\\"b\\\", {2}]\""},
		{"sprintf", "[\"%5d|%-5d|%05d|%+d|% d\",[42,42,-42,42,42]]", "\"   42|42   |-0042|+42| 42\""},
		{"sprintf", "[\"%x|%X|%#x|%o|%#o|%O|%b|%#b\",[255,255,255,8,8,8,5,5]]", "\"ff|FF|0xff|10|010|0o10|101|0b101\""},
		{"sprintf", "[\"%c|%q|%U|%#U\",[8364,65,8364,65]]", "\"\u20ac|'A'|U+20AC|U+0041 'A'\""},
		{"sprintf", "[\"%.3d|%8.3d|%.0d\",[5,5,0]]", "\"005|     005|\""},
		{"sprintf", "[\"%f|%.2f|%8.3f|%-8.1f|%08.2f|%e|%g\",[1.5,3.14159,2.5,2.5,-2.5,1234.5,1e21]]", "\"1.500000|3.14|   2.500|2.5     |-0002.50|1.234500e+03|1e+21\""},
		{"sprintf", "[\"%v|%v|%v|%v\",[1.5,1e-7,1234567.5,100000.5]]", "\"1.5|1e-07|1.2345675e+06|100000.5\""},
		{"sprintf", "[\"%.3g|%G|%+.1f|%6.2f%%\",[1234.5678,1.5e-9,2.25,99.5]]", "\"1.23e+03|1.5E-09|+2.2| 99.50%\""},
		{"sprintf", "[\"%s|%10s|%-10s|%.2s|%q|%x|% X\",[\"h\u00e9\",\"h\u00e9\",\"h\u00e9\",\"h\u00e9llo\",\"a\\\"\\n\u00e9\",\"hi\",\"hi\"]]", "\"h\u00e9|        h\u00e9|h\u00e9        |h\u00e9|\\\"a\\\\\\\"\\\\n\u00e9\\\"|6869|68 69\""},
		{"sprintf", "[\"%+q|%#q|%#v\",[\"\u00e9\",\"a\",\"b\"]]", "\"\\\"\\\\u00e9\\\"|`a`|\\\"b\\\"\""},
		{"sprintf", "[\"%d %s\",[\"a\",5]]", "\"%!d(string=a) %!s(int=5)\""},
		{"sprintf", "[\"%d\",[1.5]]", "\"%!d(float64=1.5)\""},
		{"sprintf", "[\"%d %d\",[1]]", "\"1 %!d(MISSING)\""}, {"sprintf", "[\"hi\",[1,\"a\"]]", "\"hi%!(EXTRA int=1, string=a)\""},
		{"sprintf", "[\"%\",[]]", "\"%!(NOVERB)\""}, {"sprintf", "[\"100%\",[]]", "\"100%!(NOVERB)\""},
		{"sprintf", "[\"%z\",[1]]", "\"%!z(int=1)\""}, {"sprintf", "[\"%T %T %T\",[1,1.5,\"a\"]]", "\"int float64 string\""},
		{"sprintf", "[\"%[2]d %[1]d\",[1,2]]", "\"2 1\""}, {"sprintf", "[\"%[3]d\",[1]]", "\"%!d(BADINDEX)\""},
		{"sprintf", "[\"%*d|%-*d|\",[5,1,5,2]]", "\"    1|2    |\""}, {"sprintf", "[\"%.*f\",[2,3.14159]]", "\"3.14\""},
		{"sprintf", "[\"%*d\",[\"a\",1]]", "\"%!(BADWIDTH)1\""},
		{"sprintf", "[\"%s %v %t\",[true,null,false]]", "\"true null %!t(string=false)\""},
		{"sprintf", "[\"%s|%d|%v\",[1208925819614629174706175,1208925819614629174706175,1208925819614629174706175]]", "\"1208925819614629174706175|1208925819614629174706175|1208925819614629174706175\""},
		{"sprintf", "[\"%v\",[{\"a\":[1]}]]", "\"{\\\"a\\\": [1]}\""}, {"sprintf", "[\"\",[]]", "\"\""},
		{"sprintf", "[\"%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d\",[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]", "!out of steps"},
		{"sprintf", "[1,[]]", "!operand 1 must be string"}, {"sprintf", "[\"\",1]", "!operand 2 must be array but got number"},
		{"format_int", "[15.5,16]", "\"f\""}, {"format_int", "[-8,2]", "\"-1000\""}, {"format_int", "[-3.9,10]", "\"-3\""},
		{"format_int", "[1,7]", "!operand 2 must be one of {2, 8, 10, 16}"}, {"format_int", "[\"1\",10]", "!operand 1 must be number"},
	};
	RUN(rows);
}

static void
numbers(void **state)
{
	static const struct builtin_row rows[] = {
		{"abs", "[-5]", "5"}, {"abs", "[-9223372036854775808]", "9223372036854775808"}, {"abs", "[-1.5]", "1.5"}, {"abs", "[\"a\"]", "!operand 1 must be number"},
		{"ceil", "[1.2]", "2"}, {"ceil", "[-1.2]", "-1"}, {"ceil", "[3]", "3"}, {"ceil", "[null]", "!must be number"},
		{"floor", "[1.9]", "1"}, {"floor", "[-1.2]", "-2"}, {"floor", "[1e30]", "1e30"}, {"floor", "[[]]", "!must be number"},
		{"round", "[2.5]", "3"}, {"round", "[-2.5]", "-3"}, {"round", "[2.49]", "2"}, {"round", "[\"\"]", "!must be number"},
		{"numbers.range", "[1,3]", "[1,2,3]"}, {"numbers.range", "[3,1]", "[3,2,1]"}, {"numbers.range", "[5,5]", "[5]"},
		{"numbers.range", "[9223372036854775807,9223372036854775808]", "[9223372036854775807,9223372036854775808]"},
		{"numbers.range", "[1.5,2]", "!operand 1 must be integer number but got floating-point number"},
		{"numbers.range", "[0,1000000000]", "!out of steps"}, {"numbers.range", "[0,1e30]", "!too many numbers"},
		{"numbers.range_step", "[0,10,5]", "[0,5,10]"}, {"numbers.range_step", "[10,0,4]", "[10,6,2]"},
		{"numbers.range_step", "[0,1,0]", "!step must be a positive integer"}, {"numbers.range_step", "[0,1,\"a\"]", "!operand 3 must be number"},
		{"to_number", "[\"-42.5\"]", "-42.5"}, {"to_number", "[\"+1\"]", "1"}, {"to_number", "[\"007\"]", "7"}, {"to_number", "[\".5\"]", "0.5"},
		{"to_number", "[\"1e3\"]", "1000"}, {"to_number", "[true]", "1"}, {"to_number", "[null]", "0"}, {"to_number", "[\"\"]", "!invalid syntax"},
		{"to_number", "[\"a\"]", "!strconv.ParseFloat: parsing \"a\": invalid syntax"}, {"to_number", "[\"NaN\"]", "!operand 1 must be valid number string but got string"},
		{"to_number", "[\"1e999\"]", "!value out of range"}, {"to_number", "[[]]", "!must be one of {null, boolean, number, string} but got array"},
		{"bits.and", "[12,10]", "8"}, {"bits.and", "[-1,255]", "255"}, {"bits.and", "[1.5,1]", "!operand 1 must be integer number but got floating-point number"},
		{"bits.or", "[12,10]", "14"}, {"bits.or", "[0,0]", "0"}, {"bits.or", "[1,\"a\"]", "!operand 2 must be number"},
		{"bits.xor", "[12,10]", "6"}, {"bits.xor", "[-1,0]", "-1"}, {"bits.xor", "[null,0]", "!operand 1"},
		{"bits.negate", "[5]", "-6"}, {"bits.negate", "[-1]", "0"}, {"bits.negate", "[\"a\"]", "!operand 1"},
		{"bits.lsh", "[1,70]", "1180591620717411303424"}, {"bits.lsh", "[1,0]", "1"}, {"bits.lsh", "[1,-1]", "!operand 2 must be an unsigned integer number but got a negative integer"},
		{"bits.lsh", "[1,1000000000]", "!shifts by more"}, {"bits.rsh", "[-5,1]", "-3"}, {"bits.rsh", "[8,3]", "1"}, {"bits.rsh", "[8,-1]", "!negative integer"},
		{"plus", "[9223372036854775807,1]", "9223372036854775808"}, {"plus", "[0.1,0.2]", "0.3"}, {"plus", "[\"a\",1]", "!operand 1 must be number"},
		{"minus", "[{\"$set\":[1,2]},{\"$set\":[1]}]", "{\"$set\":[2]}"}, {"minus", "[3,5]", "-2"}, {"minus", "[1,{\"$set\":[]}]", "!operand 2 must be one of {number, set} but got set"},
		{"mul", "[4294967296,4294967296]", "18446744073709551616"}, {"mul", "[1.5,2]", "3"}, {"mul", "[[],2]", "!operand 1"},
		{"div", "[6,3]", "2"}, {"div", "[1,8]", "0.125"}, {"div", "[1,0]", "!divide by zero"}, {"div", "[-9223372036854775808,-1]", "9223372036854775808"},
		{"rem", "[7,3]", "1"}, {"rem", "[-7,3]", "-1"}, {"rem", "[1,0]", "!modulo by zero"}, {"rem", "[1.5,1]", "!modulo on floating-point number"},
		{"and", "[{\"$set\":[1,2]},{\"$set\":[2]}]", "{\"$set\":[2]}"}, {"and", "[1,2]", "!operand 1 must be set"}, {"or", "[{\"$set\":[1]},{\"$set\":[2]}]", "{\"$set\":[1,2]}"}, {"or", "[{\"$set\":[1]},2]", "!operand 2 must be set"},
		{"equal", "[1,1.0]", "true"}, {"neq", "[1,\"1\"]", "true"}, {"lt", "[null,false]", "true"}, {"lte", "[1,1]", "true"}, {"gt", "[[],{}]", "false"}, {"gte", "[\"b\",\"a\"]", "true"},
		{"internal.member_2", "[1,[2,1]]", "true"}, {"internal.member_2", "[1,{\"a\":1}]", "true"}, {"internal.member_2", "[1,\"1\"]", "false"}, {"internal.member_3", "[\"a\",1,{\"a\":1}]", "true"}, {"internal.member_3", "[0,1,5]", "false"},
	};
	RUN(rows);
}

static void
types(void **state)
{
	static const struct builtin_row rows[] = {
		{"is_array", "[[]]", "true"}, {"is_array", "[{}]", "false"}, {"is_boolean", "[false]", "true"}, {"is_boolean", "[0]", "false"},
		{"is_null", "[null]", "true"}, {"is_null", "[0]", "false"}, {"is_number", "[0]", "true"}, {"is_number", "[\"0\"]", "false"},
		{"is_object", "[{}]", "true"}, {"is_object", "[[]]", "false"}, {"is_set", "[{\"$set\":[]}]", "true"}, {"is_set", "[{}]", "false"},
		{"is_string", "[\"\"]", "true"}, {"is_string", "[null]", "false"}, {"type_name", "[{\"$set\":[]}]", "\"set\""}, {"type_name", "[true]", "\"boolean\""},
		{"cast_array", "[{\"$set\":[2,1]}]", "[1,2]"}, {"cast_array", "[1]", "!must be one of {array, set}"}, {"cast_set", "[[1,1]]", "{\"$set\":[1]}"},
		{"cast_set", "[1]", "!must be one of {array, set}"}, {"cast_string", "[\"a\"]", "\"a\""}, {"cast_string", "[1]", "!must be string"}, {"cast_boolean", "[true]", "true"},
		{"cast_boolean", "[1]", "!must be boolean"}, {"cast_null", "[null]", "null"}, {"cast_null", "[1]", "!must be null"}, {"cast_object", "[{}]", "{}"}, {"cast_object", "[1]", "!must be object"},
		{"time.now_ns", "[]", "1700000000123456789"}, {"trace", "[\"a\"]", "true"}, {"trace", "[1]", "!operand 1 must be string"},
		{"walk", "[{\"a\":[1]}]", "[[[],{\"a\":[1]}],[[\"a\"],[1]],[[\"a\",0],1]]"}, {"walk", "[1]", "[[[],1]]"}, {"walk", "[{\"$set\":[2]}]", "[[[],{\"$set\":[2]}],[[2],2]]"},
	};
	RUN(rows);
}

static void
encodings(void **state)
{
	static const struct builtin_row rows[] = {
		{"base64.encode", "[\"hi?\u00e9\"]", "\"aGk/w6k=\""}, {"base64.encode", "[\"\"]", "\"\""}, {"base64.encode", "[1]", "!operand 1"},
		{"base64.decode", "[\"aGk/w6k=\"]", "\"hi?\u00e9\""}, {"base64.decode", "[\"aG\\nk=\"]", "\"hi\""}, {"base64.decode", "[\"aGk\"]", "!illegal base64 data at input byte"},
		{"base64.decode", "[\"a?==\"]", "!illegal base64 data at input byte 1"}, {"base64.decode", "[\"aGk=x\"]", "!illegal base64 data at input byte 4"},
		{"base64.is_valid", "[\"aGk=\"]", "true"}, {"base64.is_valid", "[\"a\"]", "false"}, {"base64.is_valid", "[1]", "false"},
		{"base64url.encode", "[\"hi?\u00e9\"]", "\"aGk_w6k=\""}, {"base64url.encode", "[[]]", "!operand 1"}, {"base64url.encode", "[\"\"]", "\"\""},
		{"base64url.encode_no_pad", "[\"hi\"]", "\"aGk\""}, {"base64url.encode_no_pad", "[1]", "!operand 1"},
		{"base64url.decode", "[\"aGk_w6k\"]", "\"hi?\u00e9\""}, {"base64url.decode", "[\"aGk_w6k=\"]", "\"hi?\u00e9\""}, {"base64url.decode", "[\"a\"]", "!illegal base64url string: a"},
		{"hex.encode", "[\"hi\"]", "\"6869\""}, {"hex.encode", "[1]", "!operand 1"}, {"hex.decode", "[\"6869\"]", "\"hi\""}, {"hex.decode", "[\"\"]", "\"\""},
		{"hex.decode", "[\"6\"]", "!odd length hex string"}, {"hex.decode", "[\"zz\"]", "!invalid byte: U+007A 'z'"},
		{"json.marshal", "[{\"a\":[1,{\"$set\":[2]}],\"<\":\"&\u2028\"}]", "\"{\\\"\\\\u003c\\\":\\\"\\\\u0026\\\\u2028\\\",\\\"a\\\":[1,[2]]}\""}, {"json.marshal", "[{\"$map\":[[1,2]]}]", "\"{\\\"1\\\":2}\""},
		{"json.marshal_with_options", "[{\"a\":[1]},{\"indent\":\" \"}]", "\"{\\n \\\"a\\\": [\\n  1\\n ]\\n}\""}, {"json.marshal_with_options", "[[1],{\"pretty\":true,\"prefix\":\">\"}]", "\">[\\n>\\t1\\n>]\""},
		{"json.marshal_with_options", "[[1],{}]", "\"[1]\""}, {"json.marshal_with_options", "[[1],{\"x\":1}]", "!operand 2 object contained unknown key x"}, {"json.marshal_with_options", "[[1],{\"pretty\":1}]", "!failed cast to bool"},
		{"json.unmarshal", "[\"{\\\"b\\\":1,\\\"a\\\":[true,null]}\"]", "{\"a\":[true,null],\"b\":1}"}, {"json.unmarshal", "[\"{\"]", "!json.unmarshal"}, {"json.unmarshal", "[1]", "!operand 1 must be string but got number"},
		{"json.is_valid", "[\"[1]\"]", "true"}, {"json.is_valid", "[\"[1\"]", "false"}, {"json.is_valid", "[1]", "false"},
		{"json.filter", "[{\"a\":{\"b\":1,\"c\":2},\"d\":3},[\"a/b\"]]", "{\"a\":{\"b\":1}}"}, {"json.filter", "[{\"a\":[1,2,3]},{\"$set\":[\"a/0\",[\"a\",\"2\"]]}]", "{\"a\":[1,3]}"},
		{"json.filter", "[{\"a/b\":1},[\"a~1b\"]]", "{\"a/b\":1}"}, {"json.filter", "[{\"a\":{\"b\":1,\"c\":2}},[\"a\",\"a/b\"]]", "{\"a\":{\"b\":1,\"c\":2}}"}, {"json.filter", "[{\"a\":1},[]]", "{}"},
		{"json.filter", "[[],[]]", "!operand 1 must be object"}, {"json.filter", "[{},[1]]", "!operand 2 must be one of {set, array} containing string paths or array of path segments but got number"},
		{"json.remove", "[{\"a\":{\"b\":1,\"c\":2},\"d\":3},[\"a/b\"]]", "{\"a\":{\"c\":2},\"d\":3}"}, {"json.remove", "[{\"a\":[1,2,3]},[\"a/1\"]]", "{\"a\":[1,3]}"}, {"json.remove", "[{\"a\":1},[\"\",\"x/y\"]]", "{\"a\":1}"},
		{"json.remove", "[{\"a\":1},[\"/a\",\"a/b\"]]", "{}"}, {"json.remove", "[{},\"a\"]", "!operand 2 must be one of {set, array} but got string"},
		{"json.patch", "[{\"a\":[1,2]},[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":9},{\"op\":\"remove\",\"path\":\"/a/0\"}]]", "{\"a\":[9,2]}"}, {"json.patch", "[{\"a\":[]},[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":1}]]", "{\"a\":[1]}"},
		{"json.patch", "[{\"a\":1},[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/c\"},{\"op\":\"test\",\"path\":\"/c\",\"value\":1}]]", "{\"b\":1,\"c\":1}"},
		{"json.patch", "[{\"a\":1},[{\"op\":\"replace\",\"path\":\"\",\"value\":[1]}]]", "[1]"}, {"json.patch", "[{\"a\":1},[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]]", "?"}, {"json.patch", "[{\"a\":1},[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]]", "?"},
		{"json.patch", "[{\"a\":{\"$set\":[1]}},[{\"op\":\"add\",\"path\":[\"a\",2],\"value\":2}]]", "{\"a\":{\"$set\":[1,2]}}"}, {"json.patch", "[[1],[{\"op\":\"add\",\"path\":\"/2\",\"value\":1}]]", "?"}, {"json.patch", "[[1],[{\"op\":\"frob\",\"path\":\"/0\"}]]", "?"},
		{"json.patch", "[{},{}]", "!operand 2 must be array but got object"},
	};
	RUN(rows);
}

static void
patterns(void **state)
{
	static const struct builtin_row rows[] = {
		{"regex.match", "[\"^a+$\",\"aaa\"]", "true"}, {"regex.match", "[\"b\",\"a\"]", "false"}, {"regex.match", "[\"[\",\"a\"]", "!error parsing regexp: missing closing ]: `[`"}, {"re_match", "[\"a\",\"a\"]", "true"},
		{"regex.match", "[1,\"a\"]", "!operand 1 must be string"}, {"regex.is_valid", "[\"a+\"]", "true"}, {"regex.is_valid", "[\"a(\"]", "false"}, {"regex.is_valid", "[1]", "false"},
		{"regex.find_n", "[\"a.\",\"paranormal\",-1]", "[\"ar\",\"an\",\"al\"]"}, {"regex.find_n", "[\"a\",\"aaa\",2]", "[\"a\",\"a\"]"}, {"regex.find_n", "[\"a\",\"aaa\",0]", "[]"}, {"regex.find_n", "[\"a\",\"b\",\"c\"]", "!operand 3"},
		{"regex.find_all_string_submatch_n", "[\"a(x*)b(c)?\",\"axxb-abc\",-1]", "[[\"axxb\",\"xx\",\"\"],[\"abc\",\"\",\"c\"]]"}, {"regex.find_all_string_submatch_n", "[\"z\",\"a\",-1]", "[]"}, {"regex.find_all_string_submatch_n", "[\"(\",\"a\",-1]", "!missing closing )"},
		{"regex.split", "[\"z+\",\"pizza\"]", "[\"pi\",\"a\"]"}, {"regex.split", "[\"a*\",\"baac\"]", "[\"b\",\"c\"]"}, {"regex.split", "[\"\",\"abc\"]", "[\"a\",\"b\",\"c\"]"}, {"regex.split", "[\"x\",\"\"]", "[\"\"]"}, {"regex.split", "[\"x\",1]", "!operand 2"},
		{"regex.replace", "[\"a-b\",\"(\\\\w)-(\\\\w)\",\"$2-$1\"]", "\"b-a\""}, {"regex.replace", "[\"foo\",\"^[a-z]\",\"F\"]", "\"Foo\""}, {"regex.replace", "[\"a\",\"(\",\"\"]", "!missing closing )"}, {"regex.replace", "[1,\"\",\"\"]", "!operand 1"},
		{"regex.template_match", "[\"urn:<[a-z]+>:x\",\"urn:abc:x\",\"<\",\">\"]", "true"}, {"regex.template_match", "[\"a.b\",\"axb\",\"<\",\">\"]", "false"}, {"regex.template_match", "[\"<a\",\"a\",\"<\",\">\"]", "!unbalanced braces"}, {"regex.template_match", "[\"a\",\"a\",\"<<\",\">\"]", "!exactly one character long but is 2 long"},
		{"glob.match", "[\"*.github.com\",[\".\"],\"api.github.com\"]", "true"}, {"glob.match", "[\"*\",[],\"a.b\"]", "false"}, {"glob.match", "[\"**\",[],\"a.b\"]", "true"}, {"glob.match", "[\"*\",null,\"a.b\"]", "true"}, {"glob.match", "[\"[a-c]{x,y*}?\",[\"/\"],\"byzz\"]", "true"},
		{"glob.match", "[\"[!ab]\",[],\"c\"]", "true"}, {"glob.match", "[\"\\\\*\",[],\"*\"]", "true"}, {"glob.match", "[\"a,b\",[],\"a,b\"]", "true"}, {"glob.match", "[\"{a\",[],\"a\"]", "!missing '}'"}, {"glob.match", "[\"[a\",[],\"a\"]", "!missing ']'"}, {"glob.match", "[\"a\",[\"ab\"],\"a\"]", "!operand 2"},
		{"glob.match", "[\"a\",1,\"a\"]", "!operand 2 must be one of {array, null} but got number"}, {"glob.quote_meta", "[\"*.a{b}\"]", "\"\\\\*.a\\\\{b\\\\}\""}, {"glob.quote_meta", "[1]", "!operand 1"},
		{"regex.match", "[\"(a*)*b\",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]", "false"},
	};
	RUN(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aggregates), cmocka_unit_test(arrays_and_sets), cmocka_unit_test(objects),
		cmocka_unit_test(strings),    cmocka_unit_test(formats),         cmocka_unit_test(numbers),
		cmocka_unit_test(types),      cmocka_unit_test(encodings),       cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
