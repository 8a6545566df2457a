/** Completion for bash, from 3.2 on, with nothing but its builtins. */

import { SOURCE_PREFIXES } from "../source-prefixes.ts";
import { type Expected, expected, type Grammar, PROGRAM, quoted, spellings } from "./grammar.ts";

export function bashScript(grammar: Grammar): string {
  const programs = [PROGRAM, ...grammar.programs];
  return `# Completion of ${programs.join(", ")} for bash.
${FUNCTIONS}
${cases("_docker2vm_words", "$1", nextWords(grammar))}
${cases("_docker2vm_options", "$1", optionWords(grammar))}
${cases("_docker2vm_operand", "$1/$2", operands(grammar))}
${cases("_docker2vm_value", "$1:$2", values(grammar))}
complete -F _docker2vm ${programs.join(" ")}
`;
}

/** A function that sets `told` to what is there for a word: a subshell for each would cost more than all else. */
function cases(
  name: string,
  word: string,
  rows: readonly (readonly [pattern: string, text: string])[],
): string {
  const lines = rows.map(([pattern, text]) => `    ${pattern}) told=${quoted(text)} ;;\n`);
  return `${name}() {\n  case "${word}" in\n${lines.join("")}    *) told="" ;;\n  esac\n}`;
}

function nextWords({ scopes }: Grammar): readonly (readonly [string, string])[] {
  return scopes
    .filter(({ next }) => Object.keys(next).length > 0)
    .map(({ path, next }) => [quoted(path.join(" ")), Object.keys(next).join(" ")]);
}

function optionWords({ scopes }: Grammar): readonly (readonly [string, string])[] {
  return scopes.map(({ path, options, dash }) => [
    quoted(path.join(" ")),
    Object.entries(options)
      .map(([name, option]) => spellings(name, option, dash)[0])
      .join(" "),
  ]);
}

function operands({ scopes }: Grammar): readonly (readonly [string, string])[] {
  return scopes.flatMap(({ path, operands }) =>
    operands.map((kind, at): [string, string] => [quoted(`${path.join(" ")}/${at + 1}`), kind]),
  );
}

/** An option that takes the same wherever it stands has one row, behind those of the others. */
function values({ scopes }: Grammar): readonly (readonly [string, string])[] {
  const all = scopes.flatMap(({ path, options }) =>
    Object.entries(options).flatMap(([name, option]) => {
      const value = expected(option);
      const names = option.alias === undefined ? [name] : [name, option.alias];
      return value === undefined ? [] : names.map((each) => ({ path, name: each, text: told(value) }));
    }),
  );
  const usual = new Map(all.map(({ name, text }) => [name, text]));
  const rows = new Map<string, string>();
  for (const { path, name, text } of all) {
    if (text !== usual.get(name)) rows.set(quoted(`${path.join(" ")}:${name}`), text);
  }
  for (const [name, text] of usual) rows.set(`*:${name}`, text);
  return [...rows];
}

function told(value: Expected): string {
  return "words" in value ? [value.kind, ...value.words].join(" ") : value.kind;
}

const BY_PREFIX = Object.entries(SOURCE_PREFIXES)
  .map(([prefix, kind]) => `    ${prefix}*) _docker2vm_reply ${kind} "\${2#${prefix}}" "$3${prefix}" ;;\n`)
  .join("");

const FUNCTIONS = `
# Names of images in the cache, as they are given.
_docker2vm_images() {
  local refs="\${XDG_CACHE_HOME:-$HOME/.cache}/docker2vm/refs" path name registry
  for path in "$refs"/*/*/*; do
    [ -f "$path" ] || continue
    name=\${path#"$refs"/}
    registry=\${name%%/*}
    name=\${name#*/}
    name=\${name%/*}:\${name##*/}
    name=\${registry//+/:}/\${name//+//}
    name=\${name#docker.io/}
    echo "\${name#library/}"
  done
}

# What a word can be: its kind and the words that are known, what of it is there, what stands before that in it.
_docker2vm_reply() {
  local kind=\${1%% *} words=\${1#* } head word
  case $kind in
    words) for word in $(compgen -W "$words" -- "$2"); do COMPREPLY+=("$3$word"); done ;;
    list)
      head=\${2%"\${2##*,}"}
      for word in $(compgen -W "$words" -- "\${2##*,}"); do
        case ",$head" in *",$word,"*) ;; *) COMPREPLY+=("$3$head$word") ;; esac
      done
      ;;
    file | path) _docker2vm_files -f "$2" "$3" ;;
    folder) _docker2vm_files -d "$2" "$3" ;;
    image) _docker2vm_reply "words $(_docker2vm_images)" "$2" "$3" ;;
    source) _docker2vm_source "$1" "$2" "$3" ;;
  esac
}

_docker2vm_files() {
  local path
  while IFS= read -r path; do COMPREPLY+=("$3$path"); done < <(compgen "$1" -- "$2")
  type compopt >/dev/null 2>&1 && compopt -o filenames
}

_docker2vm_source() {
  case $2 in
${BY_PREFIX}    [./~]*) _docker2vm_files -f "$2" "$3" ;;
    *)
      _docker2vm_reply "words $(_docker2vm_images) ${Object.keys(SOURCE_PREFIXES).join(" ")}" "$2" "$3"
      case \${COMPREPLY[0]} in *: | *//) type compopt >/dev/null 2>&1 && compopt -o nospace ;; esac
      ;;
  esac
}

_docker2vm() {
  # Words as the program gets them: bash has taken them apart at each of COMP_WORDBREAKS.
  local rest=\${COMP_LINE:0:COMP_POINT} count=0 i part trimmed
  local -a words
  for ((i = 0; i <= COMP_CWORD; i++)); do
    trimmed=\${rest#"\${rest%%[![:space:]]*}"}
    part=\${COMP_WORDS[i]:0:\${#trimmed}}
    if [ "$i" = 0 ] || [ "$trimmed" != "$rest" ]; then
      words[count]=$part
      count=$((count + 1))
    else
      words[count - 1]+=$part
    fi
    rest=\${trimmed#"$part"}
  done

  local scope="" operand=0 expects="" past="" told word name current=\${words[count - 1]}
  _docker2vm_options "\${words[0]##*/}"
  [ -z "$told" ] || scope=\${words[0]##*/}
  for ((i = 1; i < count - 1; i++)); do
    word=\${words[i]}
    if [ -n "$expects" ]; then
      expects=""
      continue
    fi
    if [ -z "$past" ]; then
      case $word in
        --) past=1 && continue ;;
        -?*=*) continue ;;
        -?*)
          name=\${word#-}
          _docker2vm_value "$scope" "\${name#-}"
          expects=$told
          continue
          ;;
      esac
    fi
    _docker2vm_words "$scope"
    case " $told " in
      *" $word "*) scope="\${scope:+$scope }$word" ;;
      *) operand=$((operand + 1)) ;;
    esac
  done

  COMPREPLY=()
  if [ -n "$expects" ]; then
    _docker2vm_reply "$expects" "$current" ""
  elif [ -z "$past" ]; then
    case $current in
      -?*=*)
        name=\${current%%=*}
        name=\${name#-}
        _docker2vm_value "$scope" "\${name#-}"
        _docker2vm_reply "$told" "\${current#*=}" "\${current%%=*}="
        ;;
      -*)
        _docker2vm_options "$scope"
        _docker2vm_reply "words $told" "$current" ""
        ;;
      *)
        _docker2vm_words "$scope"
        [ "$operand" != 0 ] || _docker2vm_reply "words $told" "$current" ""
        _docker2vm_operand "$scope" $((operand + 1))
        _docker2vm_reply "$told" "$current" ""
        ;;
    esac
  fi

  # Of what bash has taken apart it wants the last part alone.
  local break head=""
  for break in : =; do
    case $COMP_WORDBREAKS in *$break*) ;; *) continue ;; esac
    case $current in *$break*) name=\${current%"\${current##*$break}"} ;; *) continue ;; esac
    [ "\${#name}" -le "\${#head}" ] || head=$name
  done
  for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$head"}; done
}`;
