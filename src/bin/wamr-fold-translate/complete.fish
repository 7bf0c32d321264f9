# fish completion for wamr-fold-translate

complete -c wamr-fold-translate -k -x -a '(__fish_complete_suffix .wasm)'
@OPTIONS@
