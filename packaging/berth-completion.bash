# Completion of berth for bash, as this version of it has it.
. <(berth completion bash)
