# bash completion for wamr-fold-translate

_wamr_fold_translate_modules() {
    # NAME= is part of the word only in quotes.
    local name=
    [[ $1 == *=* ]] && name=${1%%=*}=
    compgen -P "$name" -f -X '!*.wasm' -- "${1#"$name"}"
    compgen -P "$name" -d -- "${1#"$name"}"
}

_wamr_fold_translate() {
    local current=$2 previous=${COMP_WORDS[COMP_CWORD - 1]}
    # In --option=VALUE, the = is a word.
    if [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $previous in
@VALUES@
        [\<\>]*) COMPREPLY=() && compopt -o default ;; # any file after a redirection
        *)
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '@OPTIONS@' -- "$current")
            else
                mapfile -t COMPREPLY < <(_wamr_fold_translate_modules "$current")
            fi
            ;;
    esac
}

complete -o filenames -F _wamr_fold_translate wamr-fold-translate
