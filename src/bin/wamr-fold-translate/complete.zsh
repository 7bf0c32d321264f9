#compdef wamr-fold-translate

_wamr_fold_translate_modules() {
    compset -P '*='
    _files -g '*.wasm'
}

_wamr_fold_translate() {
    _arguments -s \
@OPTIONS@
        '*:MODULE:_wamr_fold_translate_modules'
}

if [[ ${funcstack[1]} == _wamr-fold-translate ]]; then
    _wamr_fold_translate "$@"
else
    compdef _wamr_fold_translate wamr-fold-translate
fi
