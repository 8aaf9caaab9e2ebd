<span class="applause">${action.name_of("actor")} applauds ${action.name_of("target")}</span>
